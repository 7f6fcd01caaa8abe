// SPDX-License-Identifier: Apache-2.0
/// HTTP as the API server sees it, and the https door (Netty). Start at `Handler`.
@NullMarked
package dev.havn.apiserver.http;

import org.jspecify.annotations.NullMarked;
