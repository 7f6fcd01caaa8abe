// SPDX-License-Identifier: Apache-2.0
/// Passes requests on to other servers and their answers back, as they come: bodies and answers
/// without end are streamed in both directions at the pace of the slower side, and connections that
/// are upgraded (WebSocket, SPDY) become a pair of pipes. Start at `ReverseProxy`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.proxy;

import org.jspecify.annotations.NullMarked;
