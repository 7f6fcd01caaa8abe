// SPDX-License-Identifier: Apache-2.0
/// Who is calling: client certificates, service-account tokens, anonymous.
///
/// May be imported by: `dev.havn.apiserver`, its packages `admission`, `authorization` and
/// `resource`.
@NullMarked
package dev.havn.apiserver.authentication;

import org.jspecify.annotations.NullMarked;
