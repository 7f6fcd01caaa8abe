// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

/// What a control group says of its processes, or what it lets them have. Bytes, unless the name
/// ends in another unit or counts something.
public enum CgroupCounter {
  CPU_NANOS,
  CPU_USER_NANOS,
  CPU_SYSTEM_NANOS,
  /// of its quota of processor time
  PERIODS,
  THROTTLED_PERIODS,
  THROTTLED_NANOS,
  MEMORY,
  /// what cannot be taken from it at once, as kubelets count it
  WORKING_SET,
  ANONYMOUS,
  FILE_CACHE,
  MAPPED_FILES,
  SWAP,
  /// the most that was ever used at a time
  MEMORY_PEAK,
  /// how often it met the limit of its memory
  LIMIT_HITS,
  PAGE_FAULTS,
  MAJOR_PAGE_FAULTS,
  /// processes that were killed since memory was short
  OUT_OF_MEMORY_KILLS,
  PROCESSES,
  THREADS,
  /// absent without a bound, like all that follow
  THREADS_MAX,
  CPU_SHARES,
  CPU_QUOTA_MICROS,
  CPU_PERIOD_MICROS,
  MEMORY_LIMIT,
  MEMORY_RESERVATION,
  /// of memory and swap together
  SWAP_LIMIT
}
