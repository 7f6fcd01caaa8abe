// SPDX-License-Identifier: Apache-2.0
/// The Kubernetes API: verbs, authentication, authorization and admission over a store. Start at
/// `Handler`.
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.apiserver;

import org.jspecify.annotations.NullMarked;
