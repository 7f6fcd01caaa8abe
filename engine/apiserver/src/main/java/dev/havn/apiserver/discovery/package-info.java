// SPDX-License-Identifier: Apache-2.0
/// What the server says of itself: API groups, OpenAPI, version, health.
@NullMarked
package dev.havn.apiserver.discovery;

import org.jspecify.annotations.NullMarked;
