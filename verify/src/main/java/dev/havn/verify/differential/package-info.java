// SPDX-License-Identifier: Apache-2.0
/// Sends the same requests to Havn and to a real Kubernetes and compares what comes back: status
/// code, reason, message, object. Start at `Differential`.
///
/// May be imported by: nothing but tests.
@NullMarked
package dev.havn.verify.differential;

import org.jspecify.annotations.NullMarked;
