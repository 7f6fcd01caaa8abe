// SPDX-License-Identifier: Apache-2.0
/// Deletes jobs some time after they have finished, when they say so.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.ttlafterfinished;

import org.jspecify.annotations.NullMarked;
