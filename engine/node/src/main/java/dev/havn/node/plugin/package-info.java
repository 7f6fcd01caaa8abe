// SPDX-License-Identifier: Apache-2.0
/// How plugins of the node make themselves known, and the folder in which they and the node meet.
/// Start at `Plugins`.
///
/// May be imported by: `dev.havn.node` and its packages.
@NullMarked
package dev.havn.node.plugin;

import org.jspecify.annotations.NullMarked;
