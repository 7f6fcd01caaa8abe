// SPDX-License-Identifier: Apache-2.0
/// Takes what servers that are gone have said of the versions in which they keep resources. Start
/// at [dev.havn.controllers.storageversions.StorageVersionGarbage].
///
/// May be imported by: `dev.havn.controllers`, `dev.havn.server`.
@NullMarked
package dev.havn.controllers.storageversions;

import org.jspecify.annotations.NullMarked;
