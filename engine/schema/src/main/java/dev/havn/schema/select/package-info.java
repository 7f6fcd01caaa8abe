// SPDX-License-Identifier: Apache-2.0
/// Label and field selectors: parsing and matching.
///
/// May be imported by: the API server.
@NullMarked
package dev.havn.schema.select;

import org.jspecify.annotations.NullMarked;
