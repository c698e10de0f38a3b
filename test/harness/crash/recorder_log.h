/*
 * The binary log of the recorder: one header, path, second path and data per event, written by one call on a descriptor
 * opened with O_APPEND. Everything here is called with `recorder_mutex` held, so the order of events in the
 * file is the order in which they happened. log.ts reads it; the two layouts must agree.
 */
#ifndef RECORDER_LOG_H
#define RECORDER_LOG_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum event_kind {
  EVENT_OPEN = 1,       /* flags: OPEN_*; a = open flags */
  EVENT_WRITE = 2,      /* a = offset in bytes; data = the bytes that were written */
  EVENT_TRUNCATE = 3,   /* a = new size in bytes */
  EVENT_SYNC_BEGIN = 4, /* b = number of this sync */
  EVENT_SYNC_END = 5,   /* a = 0 or -errno; b = number of the sync; flags: SYNC_* */
  EVENT_RENAME = 6,     /* path -> path2 */
  EVENT_UNLINK = 7,     /* path */
  EVENT_MKDIR = 8,      /* path */
  EVENT_RMDIR = 9,      /* path */
  EVENT_SEND = 10,      /* connection; a = local port, b = peer port; data = the bytes about to be sent */
  EVENT_FAULT = 11,     /* a = -errno handed to the program in place of a write */
  EVENT_UNSUPPORTED = 12, /* path = name of the call; the model knows no such call, the reader stops */
  EVENT_UNSENT = 13     /* connection; a = how many bytes at the end of its last EVENT_SEND the kernel did not take */
};

enum { OPEN_CREATED = 1, OPEN_TRUNCATED = 2, OPEN_DIRECTORY = 4 };
enum { SYNC_NOOP = 1, SYNC_FAULT = 2 };

/* Little endian, no padding: 48 bytes. `size` counts everything up to the next header. */
struct event_header {
  uint32_t size;
  uint8_t kind;
  uint8_t flags;
  uint16_t path_length;
  uint32_t path2_length;
  uint32_t connection;
  uint64_t inode;
  int64_t a;
  int64_t b;
  uint64_t monotonic_ns;
};

static int log_fd = -1;
static ssize_t (*log_write)(int, const void *, size_t); /* libc's own: that name is ours in this process */
static char *log_entry; /* the event being put together */
static size_t log_used, log_room;

/* A recorder that cannot record must not let the test go on: the missing event could be the one that matters. */
static void recorder_die(const char *what) {
  fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
  abort();
}

static void log_begin(size_t length) {
  log_used = 0;
  if (length <= log_room) return;
  log_room = 2 * length;
  log_entry = realloc(log_entry, log_room);
  if (log_entry == NULL) recorder_die("no memory for an event");
}

static void log_add(const void *bytes, size_t length) {
  if (length > 0) memcpy(log_entry + log_used, bytes, length);
  log_used += length;
}

static void log_event(struct event_header header, const char *path, const char *path2, const struct iovec *data,
                      int data_count, size_t data_length) {
  int saved_errno = errno;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  header.monotonic_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  header.path_length = (uint16_t)(path == NULL ? 0 : strlen(path));
  header.path2_length = (uint32_t)(path2 == NULL ? 0 : strlen(path2));

  header.size = (uint32_t)(sizeof header + header.path_length + header.path2_length + data_length);
  log_begin(header.size);
  log_add(&header, sizeof header);
  log_add(path, header.path_length);
  log_add(path2, header.path2_length);
  size_t left = data_length;
  for (int i = 0; i < data_count && left > 0; i++) {
    size_t length = data[i].iov_len < left ? data[i].iov_len : left;
    log_add(data[i].iov_base, length);
    left -= length;
  }
  if (log_write(log_fd, log_entry, log_used) != (ssize_t)log_used) recorder_die("could not append to the event log");
  errno = saved_errno;
}

#endif
