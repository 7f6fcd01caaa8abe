// SPDX-License-Identifier: Apache-2.0
/// Priority and fairness (KEP-1040): how many requests are handled at a time, and whose turn it is
/// when there are more. FlowSchemas say which priority level a request belongs to, and to which
/// flow of it; a level has seats, and queues among which its flows are dealt so that no flow can
/// fill them all. Start at `FlowControl`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.flowcontrol;

import org.jspecify.annotations.NullMarked;
