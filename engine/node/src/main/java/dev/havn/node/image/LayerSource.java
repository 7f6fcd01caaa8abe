// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

/// As what a layer came.
///
/// @param host of the image that had it, as images name it, whoever is asked in its place
/// @param blob the digest of what came, mostly compressed, with its algorithm
public record LayerSource(String host, String blob) {}
