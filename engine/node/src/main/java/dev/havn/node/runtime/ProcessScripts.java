// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.image.RootPaths;
import dev.havn.node.kernel.Descriptor;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The shell scripts of a container that is plain processes: `outside.sh` takes namespaces,
/// `inside.sh` mounts in them what a container expects and becomes its first process. Mounts are
/// seen in the container's own mount namespace only and go with it; `mount -n` keeps them out of
/// the host's table `/run/mount/utab`, which is not theirs and which only root may write.
///
/// @param home of the container
/// @param mark the device name of its overlay
/// @param paths of the mounts, held until the container has started
/// @param process as an OCI bundle has it: `args`, `env`, `cwd`, `user`
/// @param rootless whether a user namespace must give the rights
record ProcessScripts(
    Path home,
    Path lower,
    String mark,
    String hostName,
    boolean hostProcesses,
    ContainerSpec spec,
    SubPaths paths,
    JsonNode process,
    boolean rootless) {
  /// Goes to a folder in the container's root, name by name, and makes what is missing. Volumes are
  /// written by containers, also while this runs: a link in one of them must not lead this script,
  /// which still sees the host, out of the root. Where it stands is what the kernel holds, not a
  /// name.
  private static final String ENTER =
      """
      leaves() {
        echo "$1 leads out of the container's root, to $2" >&2
        exit 125
      }
      enter() {
        cd -P -- "$root"
        set -f
        IFS=/
        for name in $1; do
          [ -n "$name" ] || continue
          [ -e "./$name" ] || mkdir -- "./$name" || :
          cd -P -- "./$name"
          case $(pwd -P) in
            "$root" | "$root"/*) ;;
            *) leaves "$1" "$(pwd -P)" ;;
          esac
        done
        unset IFS
        set +f
      }
      file() {
        enter "$1"
        [ -e "./$2" ] || [ -L "./$2" ] || (set -C; : >"./$2")
        [ ! -L "./$2" ] || leaves "$1/$2" "$(readlink -- "./$2")"
        mount -n --no-canonicalize --move "$3" "./$2"
        place=$(printf %s "$(pwd -P)/$2" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g')
        grep -qF -- " $place " /proc/self/mountinfo || leaves "$1/$2" elsewhere
      }""";

  /// Runs on the host, as the child of the container's parent. Not `unshare --fork`: that hides by
  /// which signal its child ended.
  String outside() {
    List<String> words = new ArrayList<>(List.of("exec 3<&0; exec unshare"));
    if (rootless) {
      words.add("--user --map-root-user");
    }
    words.add(hostProcesses ? "--mount --uts" : "--mount --uts --pid");
    String first = (hostProcesses ? "setsid sh " : "sh ") + word(home.resolve("inside.sh"));
    words.add("sh -c " + word(first + " <&3 3<&- & wait $!"));
    return String.join(" ", words) + "\n";
  }

  /// Runs in the new namespaces, with errors of its own in `setup.log`.
  String inside() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("set -e");
    lines.add("read -r stat </proc/self/stat; echo \"$stat\" >" + word(home.resolve("pid")));
    lines.add("exec 4>&2 2>" + word(home.resolve("setup.log")));
    lines.add("hostname " + word(hostName) + " || true");
    root(lines);
    system(lines);
    lines.add("root=$(readlink -m -- " + word(rootfs()) + ")");
    lines.add(ENTER);
    List<Mount> mounts = MountOrder.of(spec.mounts());
    for (int i = 0; i < mounts.size(); i++) {
      volume(lines, mounts.get(i), home.resolve("mounts").resolve(String.valueOf(i)));
    }
    lines.add("enter " + word(inside(process.path("cwd").asText())));
    lines.add("cd /");
    if (spec.security().readOnlyRoot()) {
      lines.add("mount -n -o remount,bind,ro " + word(rootfs()));
    }
    lines.add(": >" + word(home.resolve("started")));
    if (spec.terminal().tty()) {
      lines.add("exec 2>&4 4>&-");
      lines.add(
          "SHELL=/bin/sh exec script -qefc " + word(String.join(" ", command())) + " /dev/null");
    } else {
      lines.add("exec 2>&4 4>&- " + String.join(" ", command()));
    }
    return String.join("\n", lines) + "\n";
  }

  Path rootfs() {
    return home.resolve("rootfs");
  }

  private void root(List<String> lines) {
    String upper = word(home.resolve("upper"));
    String folders =
        "lowerdir="
            + lower
            + ",upperdir="
            + home.resolve("upper")
            + ",workdir="
            + home.resolve("work");
    String overlay =
        "mount -n -t overlay %s -o %s %s"
            .formatted(mark, word(folders + (rootless ? ",userxattr" : "")), word(rootfs()));
    String copy =
        "{ cp -a %s/. %s && mount -n --bind %s %s; }"
            .formatted(word(lower), upper, upper, word(rootfs()));
    lines.add(rootless ? overlay + " || " + copy : overlay);
  }

  /// `/proc`, `/dev` and `/sys`. A container in a container may not mount a new `/proc`.
  private void system(List<String> lines) throws IOException {
    String proc = in("/proc");
    String dev = in("/dev");
    String sys = in("/sys");
    lines.add("mkdir -p " + String.join(" ", proc, dev, sys));
    lines.add("mount -n -t proc proc " + proc + " || mount -n --rbind /proc " + proc);
    lines.add("mount -n --rbind /sys " + sys);
    lines.add("mount -n -t tmpfs -o mode=755,nosuid tmpfs " + dev);
    lines.add("cd " + dev);
    lines.add("mkdir pts shm");
    lines.add(
        "for each in null zero full random urandom tty; do : >$each; mount -n --bind /dev/$each $each; done");
    String shared = "{ mount -n --rbind /dev/pts pts; : >ptmx; mount -n --bind /dev/ptmx ptmx; }";
    String own =
        "mount -n -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts pts && ln -s pts/ptmx ptmx";
    // The container's terminal is one of the machine's: in terminals of its own it has no name.
    lines.add(spec.terminal().tty() ? shared : own + " || " + shared);
    lines.add("mount -n -t tmpfs -o mode=1777,nosuid,nodev,size=64m shm shm");
    lines.add("ln -s /proc/self/fd fd");
    lines.add("ln -s fd/0 stdin; ln -s fd/1 stdout; ln -s fd/2 stderr");
    if (spec.security().privileged()) {
      devices(lines);
    }
    lines.add("cd /");
  }

  /// All that the machine has. What is there already is the container's own.
  private static void devices(List<String> lines) {
    String paths =
        Devices.below(Bundle.DEVICES).stream()
            .map(each -> word(Bundle.DEVICES.relativize(Path.of(each.path()))))
            .collect(Collectors.joining(" "));
    lines.add(
        """
        for each in %s; do
          [ ! -e "./$each" ] && [ -e "/dev/$each" ] || continue
          mkdir -p -- "$(dirname -- "./$each")"
          : >"./$each"
          mount -n --no-canonicalize --bind "/dev/$each" "./$each"
        done"""
            .formatted(paths));
  }

  /// Mounts first where no container reaches, then moves that to its place.
  private void volume(List<String> lines, Mount mount, Path stage) throws IOException {
    Optional<Descriptor> part = paths.of(mount);
    Path source = part.isPresent() ? part.get().place() : mount.source();
    boolean folder = part.isPresent() ? part.get().isFolder() : Files.isDirectory(source);
    lines.add((folder ? "mkdir " : ": >") + word(stage));
    lines.add("mount -n --no-canonicalize --rbind " + word(source) + " " + word(stage));
    if (part.isPresent()) {
      lines.add(
          "[ \"$(stat -c %%d:%%i %s)\" = %s ] || leaves %s elsewhere"
              .formatted(word(stage), part.get().identity(), word(mount.subPath())));
    }
    if (mount.readOnly()) {
      // A user namespace must keep the flags that the host's mount has.
      lines.add(
          "mount -n -o remount,bind,ro %1$s || mount -n -o remount,bind,ro,nosuid,nodev %1$s"
              .formatted(word(stage)));
    }
    Path target = inside(mount.target());
    if (folder) {
      lines.add("enter " + word(target));
      lines.add("mount -n --no-canonicalize --move " + word(stage) + " .");
    } else {
      String name = String.valueOf(target.getFileName());
      lines.add(
          "file "
              + String.join(
                  " ", word(String.valueOf(target.getParent())), word(name), word(stage)));
    }
    lines.add("cd /");
  }

  /// The command with its environment, user and folder; what follows `exec`.
  private List<String> command() throws IOException {
    List<String> words = new ArrayList<>(List.of(Program.find("env"), "-i"));
    process.path("env").forEach(each -> words.add(word(each.asText())));
    words.addAll(credentials());
    words.add(Program.find("unshare"));
    JsonNode user = process.path("user");
    long uid = user.path("uid").asLong();
    if (uid != 0 && rootless) {
      words.add("--user --map-user=" + uid + " --map-group=" + user.path("gid").asLong());
    } else if (uid != 0) {
      words.add("--setuid=" + uid);
    }
    words.add("--root=" + word(rootfs()));
    words.add("--wd=" + word(Path.of(process.path("cwd").asText())));
    words.add("--");
    process.path("args").forEach(each -> words.add(word(each.asText())));
    return words;
  }

  private List<String> credentials() throws IOException {
    List<String> words = new ArrayList<>();
    if (!rootless) {
      words.addAll(groups(process.path("user")));
    }
    if (!spec.security().allowEscalation() && !spec.security().privileged()) {
      if (words.isEmpty()) {
        words.add(Program.find("setpriv"));
      }
      words.add("--no-new-privs");
    }
    return words;
  }

  /// Groups are given while there are rights to do so; the user follows with the root.
  static List<String> groups(JsonNode user) throws IOException {
    Set<String> groups = new TreeSet<>();
    user.path("additionalGids").forEach(each -> groups.add(each.asText()));
    return List.of(
        Program.find("setpriv"),
        "--regid",
        user.path("gid").asText("0"),
        groups.isEmpty() ? "--clear-groups" : "--groups=" + String.join(",", groups));
  }

  private String in(String path) throws IOException {
    return word(rootfs().resolve(lower.relativize(RootPaths.resolve(lower, path))));
  }

  /// A path as the container sees it, the image's links followed.
  private Path inside(String path) throws IOException {
    return Path.of("/").resolve(lower.relativize(RootPaths.resolve(lower, path)));
  }

  private static String word(Path path) {
    return word(path.toString());
  }

  private static String word(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
