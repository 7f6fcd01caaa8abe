// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which system calls a container may make: the `linux.seccomp` part of a bundle. The profile
/// `RuntimeDefault` allows what the usual container engines allow; everything else gives EPERM.
final class Seccomp {
  static final String UNCONFINED = "Unconfined";
  static final String RUNTIME_DEFAULT = "RuntimeDefault";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LIST = "seccomp.txt";
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;

  /// Every kind of new namespace, and new time.
  private static final long NAMESPACE_FLAGS = 0x7e020000L;

  /// Of Linux, of 32 bits, of old system calls, and "which is it".
  private static final List<Long> PERSONALITIES = List.of(0L, 8L, 0x20000L, 0x20008L, 0xffffffffL);

  private static final long AF_VSOCK = 40;

  private Seccomp() {}

  /// Nothing for a container that may make all calls.
  static Optional<ObjectNode> profile(Security security, Set<String> capabilities) {
    if (security.privileged() || security.seccomp().equals(UNCONFINED)) {
      return Optional.empty();
    }
    return Optional.of(
        security.seccomp().equals(RUNTIME_DEFAULT)
            ? ofRuntime(capabilities)
            : ofFile(Path.of(security.seccomp())));
  }

  private static ObjectNode ofFile(Path file) {
    try {
      if (JSON.readTree(file.toFile()) instanceof ObjectNode profile) {
        return profile;
      }
      throw new StartException("CreateContainerError", "no seccomp profile: " + file, null);
    } catch (JacksonException e) {
      throw new StartException(
          "CreateContainerError", "seccomp profile " + file + ": " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new StartException(
          "CreateContainerError", "failed to load seccomp profile " + file + ": " + e, e);
    }
  }

  private static ObjectNode ofRuntime(Set<String> capabilities) {
    ObjectNode profile = JSON.createObjectNode().put("defaultAction", "SCMP_ACT_ERRNO");
    profile.put("defaultErrnoRet", EPERM);
    String machine = System.getProperty("os.arch");
    List<String> architectures =
        machine.equals("aarch64")
            ? List.of("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM")
            : List.of("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32");
    architectures.forEach(profile.putArray("architectures")::add);
    ArrayNode calls = profile.putArray("syscalls");
    allowed(capabilities).forEach(allow(calls)::add);
    if (!capabilities.contains("CAP_SYS_ADMIN")) {
      condition(calls, "clone", 0, NAMESPACE_FLAGS, 0L, "SCMP_CMP_MASKED_EQ");
      ObjectNode newer = calls.addObject().put("action", "SCMP_ACT_ERRNO").put("errnoRet", ENOSYS);
      newer.putArray("names").add("clone3");
    }
    for (long each : PERSONALITIES) {
      condition(calls, "personality", 0, each, null, "SCMP_CMP_EQ");
    }
    condition(calls, "socket", 0, AF_VSOCK, null, "SCMP_CMP_NE");
    return profile;
  }

  private static ArrayNode allow(ArrayNode calls) {
    return calls.addObject().put("action", "SCMP_ACT_ALLOW").putArray("names");
  }

  private static void condition(
      ArrayNode calls, String name, int index, long value, @Nullable Long second, String operator) {
    ObjectNode call = calls.addObject().put("action", "SCMP_ACT_ALLOW");
    call.putArray("names").add(name);
    ObjectNode argument = call.putArray("args").addObject().put("index", index);
    argument.put("value", value).put("op", operator);
    if (second != null) {
      argument.put("valueTwo", second);
    }
  }

  private static List<String> allowed(Set<String> capabilities) {
    List<String> names = new ArrayList<>();
    for (String line : list().split("\n")) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      List<String> words = List.of(line.split(" "));
      boolean conditional = words.getFirst().startsWith("CAP_");
      if (!conditional) {
        names.addAll(words);
      } else if (capabilities.contains(words.getFirst())) {
        names.addAll(words.subList(1, words.size()));
      }
    }
    return names;
  }

  private static String list() {
    try (InputStream in = Seccomp.class.getResourceAsStream(LIST)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + LIST);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
