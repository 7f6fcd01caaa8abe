// SPDX-License-Identifier: Apache-2.0
/// What single kinds say beyond their schema: defaults that depend on other fields, and rules
/// across fields. Start at `Defaults` and `Rules`.
///
/// May be imported by: the API server.
@NullMarked
package dev.havn.schema.kinds;

import org.jspecify.annotations.NullMarked;
