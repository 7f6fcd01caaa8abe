// SPDX-License-Identifier: Apache-2.0
/// Networks of pods that plugins of the Container Network Interface make (CNI specification 1.1.0).
/// Start at `CniNetwork`.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.cni;

import org.jspecify.annotations.NullMarked;
