// SPDX-License-Identifier: Apache-2.0
/// The plugin PodSecurity (KEP-2579): the Pod Security Standards as they stood in each version of
/// Kubernetes, and what namespaces ask of them. Start at `PodSecurity`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.admission.podsecurity;

import org.jspecify.annotations.NullMarked;
