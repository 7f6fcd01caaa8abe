// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// Functions of the C library. Who calls one keeps it in a constant: the linker takes a while.
final class CLibrary {
  /// Where a function leaves why it failed.
  static final MemoryLayout STATE = Linker.Option.captureStateLayout();

  private static final Linker LINKER = Linker.nativeLinker();
  private static final VarHandle ERROR =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private CLibrary() {}

  /// A function that answers with an `int`.
  static MethodHandle function(String name, MemoryLayout... parameters) {
    return function(name, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
  }

  /// The same with a segment of [#STATE] as its first argument; see [#error].
  static MethodHandle functionWithError(String name, MemoryLayout... parameters) {
    return function(
        name,
        FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters),
        Linker.Option.captureCallState("errno"));
  }

  @SuppressWarnings("restricted") // who names a function knows its types
  static MethodHandle function(String name, FunctionDescriptor types, Linker.Option... options) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), types, options);
  }

  /// The number of the error with which a function has failed.
  static int error(MemorySegment state) {
    return (int) ERROR.get(state, 0L);
  }
}
