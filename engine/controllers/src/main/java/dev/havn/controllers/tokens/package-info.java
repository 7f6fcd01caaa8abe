// SPDX-License-Identifier: Apache-2.0
/// Tokens that lie in Secrets: those of service accounts are filled in and go with their account,
/// bootstrap tokens sign the public `cluster-info` and go when they expire.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.tokens;

import org.jspecify.annotations.NullMarked;
