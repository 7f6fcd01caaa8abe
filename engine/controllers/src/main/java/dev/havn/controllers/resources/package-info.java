// SPDX-License-Identifier: Apache-2.0
/// What the API serves, for the controllers that deal with every kind.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.resources;

import org.jspecify.annotations.NullMarked;
