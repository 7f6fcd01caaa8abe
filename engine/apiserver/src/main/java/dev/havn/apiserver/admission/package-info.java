// SPDX-License-Identifier: Apache-2.0
/// What happens to an object between merge and storage: plugins that change it before it is
/// validated and plugins that refuse it after. Start at `Admission`; each plugin is a class of its
/// own.
///
/// May be imported by: `dev.havn.apiserver`, its packages `authorization` and `resource`.
@NullMarked
package dev.havn.apiserver.admission;

import org.jspecify.annotations.NullMarked;
