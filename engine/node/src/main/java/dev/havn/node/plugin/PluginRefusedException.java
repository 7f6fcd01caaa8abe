// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.plugin;

/// Why a plugin is not taken, in words for those who run it.
public final class PluginRefusedException extends Exception {
  private static final long serialVersionUID = 1;

  public PluginRefusedException(String message) {
    super(message);
  }

  public PluginRefusedException(String message, Throwable cause) {
    super(message, cause);
  }
}
