// SPDX-License-Identifier: Apache-2.0
/// The generic resource path: one set of verbs for every kind, and the strategies for what data
/// cannot say. Start at `ResourceHandler`.
///
/// May be imported by: `dev.havn.apiserver` and its packages, `server`.
@NullMarked
package dev.havn.apiserver.resource;

import org.jspecify.annotations.NullMarked;
