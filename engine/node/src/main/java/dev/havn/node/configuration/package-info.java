// SPDX-License-Identifier: Apache-2.0
/// What a user may choose about a node, in the format of a kubelet's own file. Start with
/// [KubeletConfiguration].
///
/// May be imported by: every package of this module, and `server`. Imports none of them.
@NullMarked
package dev.havn.node.configuration;

import org.jspecify.annotations.NullMarked;
