// SPDX-License-Identifier: Apache-2.0
/// The way from the API server to servers of others: who is trusted, which pods stand behind a
/// Service, kept connections, and the words for what goes wrong. Start at `Connections`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.transport;

import org.jspecify.annotations.NullMarked;
