// SPDX-License-Identifier: Apache-2.0
/// An operator of java-operator-sdk and a walk through what it does. Start at
/// [dev.havn.clients.parcels.Walk].
///
/// May be imported by: nobody.
@NullMarked
package dev.havn.clients.parcels;

import org.jspecify.annotations.NullMarked;
