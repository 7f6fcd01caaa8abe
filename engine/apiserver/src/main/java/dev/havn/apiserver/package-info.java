// SPDX-License-Identifier: Apache-2.0
/// The Kubernetes API over a store. Start at `ApiServer`, which stands behind every door, and
/// follow a request: `RequestInfo` says what it asks, `authentication` who asks, `authorization`
/// whether they may, `resource` does it.
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.apiserver;

import org.jspecify.annotations.NullMarked;
