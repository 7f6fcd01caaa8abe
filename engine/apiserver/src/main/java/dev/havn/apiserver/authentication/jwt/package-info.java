// SPDX-License-Identifier: Apache-2.0
/// JSON web tokens that identity providers issue (OpenID Connect), as the field `jwt` of an
/// AuthenticationConfiguration describes them: whose signature counts, what must hold of their
/// claims, and which user they make. Start at `JwtAuthenticator`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.authentication.jwt;

import org.jspecify.annotations.NullMarked;
