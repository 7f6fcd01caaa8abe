// SPDX-License-Identifier: Apache-2.0
/// Sessions that are not request and response: exec, attach, port-forward, logs. Start at
/// `NodeConnection`.
@NullMarked
package dev.havn.apiserver.streaming;

import org.jspecify.annotations.NullMarked;
