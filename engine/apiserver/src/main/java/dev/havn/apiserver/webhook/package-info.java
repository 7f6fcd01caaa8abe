// SPDX-License-Identifier: Apache-2.0
/// Calls to servers of the users' own: a JSON object goes there by HTTPS, another comes back. Who
/// is called is said by `url` or by a Service. Start at `WebhookClient`.
///
/// May be imported by: `dev.havn.apiserver`, `server`.
@NullMarked
package dev.havn.apiserver.webhook;

import org.jspecify.annotations.NullMarked;
