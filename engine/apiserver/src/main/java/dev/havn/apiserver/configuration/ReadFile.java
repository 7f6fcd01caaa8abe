// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.configuration;

import java.nio.file.Path;

/// A file and what it held when it was read.
public record ReadFile(Path path, byte[] bytes) {}
