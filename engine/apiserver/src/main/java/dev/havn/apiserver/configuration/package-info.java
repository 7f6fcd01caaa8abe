// SPDX-License-Identifier: Apache-2.0
/// Files that say how the API server is set up, in the formats of kube-apiserver: read strictly,
/// and looked at again while it runs. Start at `ConfigurationObject` and `WatchedFile`.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.configuration;

import org.jspecify.annotations.NullMarked;
