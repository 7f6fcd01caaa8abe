// SPDX-License-Identifier: Apache-2.0
/// Who is calling: client certificates, service-account tokens, anonymous.
@NullMarked
package dev.havn.apiserver.authentication;

import org.jspecify.annotations.NullMarked;
