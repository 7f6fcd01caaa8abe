// SPDX-License-Identifier: Apache-2.0
/// HTTP as the API server sees it, and the https door (Netty). Start at `Handler`.
///
/// May be imported by: `dev.havn.apiserver` and its packages, `server`, `verify`.
@NullMarked
package dev.havn.apiserver.http;

import org.jspecify.annotations.NullMarked;
