// SPDX-License-Identifier: Apache-2.0
/// Sessions that are not request and response: exec, attach, port-forward, logs. Start at
/// `NodeConnection`.
///
/// May be imported by: `dev.havn.apiserver`, `server`.
@NullMarked
package dev.havn.apiserver.streaming;

import org.jspecify.annotations.NullMarked;
