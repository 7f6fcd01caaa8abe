// SPDX-License-Identifier: Apache-2.0
/// Deletes what its owners leave behind. Start at [dev.havn.controllers.garbage.Ownership], which
/// knows who owns whom.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.garbage;

import org.jspecify.annotations.NullMarked;
