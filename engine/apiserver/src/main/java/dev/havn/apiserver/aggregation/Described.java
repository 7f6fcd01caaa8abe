// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

/// What discovery shows of an API behind an APIService.
record Described(RemoteApi api, boolean isAvailable, Remote.Documents documents) {}
