// SPDX-License-Identifier: Apache-2.0
/// Objects encrypted where the store keeps them, as an `EncryptionConfiguration` says. Start at
/// `EncryptionAtRest`.
///
/// May be imported by: the composition root, which gives it to the store.
@NullMarked
package dev.havn.apiserver.encryption;

import org.jspecify.annotations.NullMarked;
