// SPDX-License-Identifier: Apache-2.0
/// What the containers of a node and the node itself use: counters, read now and then, made into
/// figures over a time. Start at [dev.havn.node.usage.UsageMeter].
///
/// May be imported by: `dev.havn.node`, `server`.
@NullMarked
package dev.havn.node.usage;

import org.jspecify.annotations.NullMarked;
