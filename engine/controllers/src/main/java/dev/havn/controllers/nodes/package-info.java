// SPDX-License-Identifier: Apache-2.0
/// What happens to nodes that fall silent, to the pods on them, and to pods whose node is gone.
/// Start reading at `NodeLifecycle`.
///
/// May be imported by: `dev.havn.controllers` and its packages; `NodeOptions` also by
/// `dev.havn.server`.
@NullMarked
package dev.havn.controllers.nodes;

import org.jspecify.annotations.NullMarked;
