// SPDX-License-Identifier: Apache-2.0
/// Container logs in CRI format: `TIME stdout|stderr F|P TEXT`. Start at `LogReader`.
///
/// May be imported by: `dev.havn.node`, `server`.
@NullMarked
package dev.havn.node.log;

import org.jspecify.annotations.NullMarked;
