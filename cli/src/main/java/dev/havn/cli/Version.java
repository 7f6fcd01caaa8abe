// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/// The version this jar was built as.
final class Version implements CommandLine.IVersionProvider {
  @Override
  public String[] getVersion() {
    @Nullable String version = Version.class.getPackage().getImplementationVersion();
    return new String[] {"havn " + (version == null ? "development" : version)};
  }
}
