// SPDX-License-Identifier: Apache-2.0
/// A transport for fabric8's client that calls the API server's handler in this process. Start at
/// `LoopbackFactory`.
///
/// May be imported by: `dev.havn.server`.
@NullMarked
package dev.havn.server.loopback;

import org.jspecify.annotations.NullMarked;
