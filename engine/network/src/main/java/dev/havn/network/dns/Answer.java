// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.util.List;

/// What is answered to a question.
///
/// @param code one of the codes here
/// @param authority of negative answers the zone's start
/// @param additional addresses of names in the answers
record Answer(
    int code, List<Resource> answers, List<Resource> authority, List<Resource> additional) {
  static final int NO_ERROR = 0;
  static final int FORMAT_ERROR = 1;
  static final int SERVER_FAILURE = 2;
  static final int NAME_ERROR = 3;
  static final int NOT_IMPLEMENTED = 4;
  static final int REFUSED = 5;

  static Answer of(List<Resource> answers) {
    return new Answer(NO_ERROR, answers, List.of(), List.of());
  }

  static Answer failure(int code) {
    return new Answer(code, List.of(), List.of(), List.of());
  }
}
