// SPDX-License-Identifier: Apache-2.0
/// A Kubernetes inside a JUnit test, with time under control.
///
/// May be imported by: users' tests.
@NullMarked
package dev.havn.junit;

import org.jspecify.annotations.NullMarked;
