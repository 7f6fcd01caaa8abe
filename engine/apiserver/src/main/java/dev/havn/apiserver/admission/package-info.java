// SPDX-License-Identifier: Apache-2.0
/// What happens to an object between merge and validation.
///
/// May be imported by: `dev.havn.apiserver`, its packages `authorization` and `resource`.
@NullMarked
package dev.havn.apiserver.admission;

import org.jspecify.annotations.NullMarked;
