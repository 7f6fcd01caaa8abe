// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Runs a program to its end, its output bounded and its time too.
public final class Program {
  private static final int OUTPUT_BYTES_MAX = 1 << 20;
  private static final Duration TIME_MAX = Duration.ofSeconds(60);

  /// Where programs were last found; there are a few dozen in all.
  private static final Map<String, Path> FOUND = new ConcurrentHashMap<>();

  private Program() {}

  /// @param output standard output and errors together
  public record Result(int status, String output) {
    public boolean ok() {
      return status == 0;
    }
  }

  /// A program does not end in its time.
  public static final class HangException extends IOException {
    HangException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /// Runs a command.
  ///
  /// @throws IOException when it cannot be started or does not end in a minute
  public static Result run(List<String> command) throws IOException {
    return run(command, "");
  }

  /// @param input what it reads
  public static Result run(List<String> command, String input) throws IOException {
    return run(command, input, TIME_MAX);
  }

  /// @param timeMax until the program ends, and then until its output does
  public static Result run(List<String> command, String input, Duration timeMax)
      throws IOException {
    Answer answer =
        finish(builder(command).redirectErrorStream(true).start(), command, input, timeMax, true);
    return new Result(answer.status(), answer.output().strip());
  }

  /// Runs a command whose output is an answer, which what it says of errors is no part of.
  ///
  /// @param variables of its environment, beside those of this process
  /// @param input what it may read
  /// @param timeMax until the program ends, and then until its output does
  /// @throws IOException when it cannot be started, says too much or does not end in time
  public static Answer ask(
      List<String> command, Map<String, String> variables, String input, Duration timeMax)
      throws IOException {
    ProcessBuilder builder = builder(command);
    builder.environment().putAll(variables);
    Answer answer = finish(builder.start(), command, input, timeMax, false);
    if (answer.output().length() >= OUTPUT_BYTES_MAX) {
      throw new IOException(command.getFirst() + " says more than " + OUTPUT_BYTES_MAX + " bytes");
    }
    return answer;
  }

  /// @param errors what it said of them
  public record Answer(int status, String output, String errors) {}

  /// The output is read and the input written on threads of their own: of a program that hangs the
  /// one would never end, and it need not take the other.
  ///
  /// @param whole whether it must take all of its input
  private static Answer finish(
      Process process, List<String> command, String input, Duration timeMax, boolean whole)
      throws IOException {
    FutureTask<byte[]> output = new FutureTask<>(() -> output(process.getInputStream()));
    Thread.ofVirtual().name("output").start(output);
    FutureTask<byte[]> errors = new FutureTask<>(() -> output(process.getErrorStream()));
    Thread.ofVirtual().name("errors").start(errors);
    FutureTask<Boolean> taken = new FutureTask<>(() -> give(process, input, whole));
    Thread.ofVirtual().name("input").start(taken);
    try {
      if (!process.waitFor(timeMax.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new HangException(String.join(" ", command) + " does not end", null);
      }
      byte[] bytes = output.get(timeMax.toMillis(), TimeUnit.MILLISECONDS);
      byte[] said = errors.get(timeMax.toMillis(), TimeUnit.MILLISECONDS);
      taken.get(timeMax.toMillis(), TimeUnit.MILLISECONDS);
      return new Answer(
          process.exitValue(),
          new String(bytes, StandardCharsets.UTF_8),
          new String(said, StandardCharsets.UTF_8).strip());
    } catch (TimeoutException e) {
      throw new HangException("the output of " + String.join(" ", command) + " does not end", e);
    } catch (ExecutionException e) {
      throw new IOException(
          "what " + command.getFirst() + " reads or says is cut off: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while " + command.getFirst() + " ran");
    } finally {
      if (process.isAlive()) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private static boolean give(Process process, String input, boolean whole) throws IOException {
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
      return true;
    } catch (IOException e) {
      if (whole) {
        throw e;
      }
      // It has its answer without having read the question: what it says and its status count.
      return false;
    }
  }

  private static byte[] output(InputStream stream) throws IOException {
    try (stream) {
      return stream.readNBytes(OUTPUT_BYTES_MAX);
    }
  }

  /// Runs a command that must succeed.
  public static String must(List<String> command) throws IOException {
    Result result = run(command);
    if (!result.ok()) {
      throw new IOException(String.join(" ", command) + ": " + result.output());
    }
    return result.output();
  }

  /// What starts a command whose program, and the programs that it starts, are found where [#find]
  /// looks. The path of a shell that became root need not hold the folders of root's programs.
  public static ProcessBuilder builder(List<String> command) {
    List<String> words = new ArrayList<>(command);
    lookUp(words.getFirst()).ifPresent(file -> words.set(0, file.toString()));
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("PATH", path());
    return builder;
  }

  /// Which of these programs are not on the path.
  public static List<String> missing(List<String> programs) {
    return programs.stream().filter(program -> lookUp(program).isEmpty()).toList();
  }

  /// Where a program is.
  public static String find(String program) throws IOException {
    return lookUp(program)
        .map(Path::toString)
        .orElseThrow(() -> new IOException("no program " + program + " is on the path"));
  }

  private static String path() {
    return System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin";
  }

  private static Optional<Path> lookUp(String program) {
    @Nullable Path known = FOUND.get(program);
    if (known != null && Files.isExecutable(known)) {
      return Optional.of(known);
    }
    Optional<Path> found = search(program);
    found.ifPresent(file -> FOUND.put(program, file));
    return found;
  }

  private static Optional<Path> search(String program) {
    for (String folder : path().split(":", -1)) {
      Path file = Path.of(folder, program);
      if (file.isAbsolute() && Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }
}
