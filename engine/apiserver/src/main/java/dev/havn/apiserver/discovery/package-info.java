// SPDX-License-Identifier: Apache-2.0
/// What the server says of itself: API groups, OpenAPI, version, health.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.discovery;

import org.jspecify.annotations.NullMarked;
