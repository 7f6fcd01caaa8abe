// SPDX-License-Identifier: Apache-2.0
/// What happens to an object between merge and validation.
@NullMarked
package dev.havn.apiserver.admission;

import org.jspecify.annotations.NullMarked;
