// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.controllers.Controllers;
import dev.havn.server.Configuration.Leading;

/// What a user can choose about the controllers of this process.
///
/// @param leading when they work
/// @param options what kube-controller-manager's options say
public record ControllerChoice(Leading leading, Controllers.Options options) {
  static final ControllerChoice USUAL =
      new ControllerChoice(Leading.EMBEDDED, Controllers.Options.USUAL);
}
