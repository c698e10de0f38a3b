/*
 * Preloaded into the program under test, this records in one total order what a power cut could tear apart (writes,
 * truncations, syncs and names below CRASH_ROOT) and what the world has already seen (bytes sent on internet sockets).
 * states.ts lays out from it what a disk may hold after a cut. It can also hand out faults (recorder_control.h).
 *
 * Environment: CRASH_ROOT directory to record; CRASH_LOG log to append to (outside the root); CRASH_CONTROL control page.
 *
 * Order: one mutex is held across each real call and its log entry, so "before" in the log is "before" in the kernel.
 * Syncs take long and are the point where others must go on: they hold no mutex and are logged twice. What was written
 * before SYNC_BEGIN is covered by it; what was sent before SYNC_END had no right to rely on it.
 * Not seen: mmap'ed stores (SQLite's -shm, which recovery rebuilds). io_uring is refused, so nothing can go round us.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/sendfile.h>

#include "recorder_control.h"
#include "recorder_log.h"
#include "recorder_table.h"

static pthread_mutex_t recorder_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_sync;

#define LOCK() pthread_mutex_lock(&recorder_mutex)
#define UNLOCK() pthread_mutex_unlock(&recorder_mutex)
/* libc's own function of this name, found on first use because libraries may call us before our constructor ran. */
#define REAL(name) ((__typeof__(&name))real_symbol((void **)&real_##name, #name))
#define KEEP_REAL(name) static void *real_##name

static void *real_symbol(void **place, const char *name) {
  if (*place == NULL) *place = dlsym(RTLD_NEXT, name);
  if (*place == NULL) recorder_die(name);
  return *place;
}

KEEP_REAL(openat);
KEEP_REAL(write);
KEEP_REAL(writev);
KEEP_REAL(pwrite64);
KEEP_REAL(pwritev64);
KEEP_REAL(sendto);
KEEP_REAL(sendmsg);
KEEP_REAL(ftruncate64);
KEEP_REAL(fsync);
KEEP_REAL(fdatasync);
KEEP_REAL(syscall);

/* The first process is; it stays so when it replaces itself (execve keeps the pid). What it starts is not. */
static int is_program_under_test(void) {
  char own[24];
  snprintf(own, sizeof own, "%d", (int)getpid());
  const char *first = getenv("CRASH_PID");
  if (first == NULL) setenv("CRASH_PID", own, 1);
  return first == NULL || strcmp(first, own) == 0;
}

__attribute__((constructor)) static void recorder_start(void) {
  const char *root = getenv("CRASH_ROOT");
  const char *log = getenv("CRASH_LOG");
  if (root == NULL || log == NULL || !is_program_under_test()) return;
  if (realpath(root, recorded_root) == NULL) recorder_die(root);
  recorded_root_length = strlen(recorded_root);
  log_fd = REAL(openat)(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) recorder_die(log);
  log_write = REAL(write);
  control_open(getenv("CRASH_CONTROL"));
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int record_open(int directory_fd, const char *path, int flags, mode_t mode) {
  if ((flags & (O_CREAT | O_TRUNC)) == 0 || (flags & O_PATH) != 0 || log_fd < 0) {
    return REAL(openat)(directory_fd, path, flags, mode); /* the descriptor is classified on its first use */
  }
  LOCK();
  int saved_errno = errno;
  int existed = faccessat(directory_fd, path, F_OK, 0) == 0;
  errno = saved_errno;
  int fd = REAL(openat)(directory_fd, path, flags, mode);
  if (fd >= 0) {
    uint8_t seen = (uint8_t)((existed ? 0 : OPEN_CREATED) | (existed && (flags & O_TRUNC) ? OPEN_TRUNCATED : 0));
    subject_forget(fd);
    subject_opened(fd, seen);
  }
  UNLOCK();
  return fd;
}

#define OPEN_MODE(last)                                     \
  mode_t mode = 0;                                          \
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                           \
    va_start(rest, last);                                   \
    mode = va_arg(rest, mode_t);                            \
    va_end(rest);                                           \
  }

int open(const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return record_open(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return record_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int directory_fd, const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return record_open(directory_fd, path, flags, mode);
}
int openat64(int directory_fd, const char *path, int flags, ...) {
  OPEN_MODE(flags)
  return record_open(directory_fd, path, flags | O_LARGEFILE, mode);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

enum how { BY_POSITION, AT_OFFSET };

static ssize_t real_write_call(int fd, const struct iovec *parts, int count, enum how how, off64_t offset) {
  if (how == AT_OFFSET && count == 1) return REAL(pwrite64)(fd, parts[0].iov_base, parts[0].iov_len, offset);
  if (how == AT_OFFSET) return REAL(pwritev64)(fd, parts, count, offset);
  if (count == 1) return REAL(write)(fd, parts[0].iov_base, parts[0].iov_len);
  return REAL(writev)(fd, parts, count);
}

/* Logged before the call: the peer may act on the bytes, and end this process, before the call has returned. */
static size_t log_send(const struct subject *socket, const struct iovec *parts, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) length += parts[i].iov_len;
  if (socket->kind != SUBJECT_SOCKET || length == 0) return 0;
  log_event((struct event_header){.kind = EVENT_SEND,
                                  .connection = socket->connection,
                                  .a = socket->local_port,
                                  .b = socket->peer_port},
            NULL, NULL, parts, (int)count, length);
  return length;
}

static void log_unsent(const struct subject *socket, size_t length, ssize_t sent) {
  size_t taken = sent > 0 ? (size_t)sent : 0;
  if (taken >= length) return;
  log_event((struct event_header){.kind = EVENT_UNSENT, .connection = socket->connection, .a = (int64_t)(length - taken)},
            NULL, NULL, NULL, 0, 0);
}

/* Where the bytes of a file write went: an O_APPEND descriptor ignores the offset it is given. */
static off64_t written_at(int fd, enum how how, off64_t offset, ssize_t written) {
  if (how == BY_POSITION) return lseek64(fd, 0, SEEK_CUR) - written;
  struct stat status;
  int append = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  return append && fstat(fd, &status) == 0 ? status.st_size - written : offset;
}

static ssize_t write_file(const struct subject *file, int fd, const struct iovec *parts, int count, enum how how,
                          off64_t offset) {
  control_maybe_kill();
  control->writes_seen++;
  int error = control_fault(&control->write, file->path);
  if (error != 0) {
    log_event((struct event_header){.kind = EVENT_FAULT, .inode = file->inode, .a = -error}, file->path, NULL, NULL, 0, 0);
    errno = error;
    return -1;
  }
  ssize_t written = real_write_call(fd, parts, count, how, offset);
  if (written > 0) {
    struct event_header header = {.kind = EVENT_WRITE, .inode = file->inode, .a = written_at(fd, how, offset, written)};
    log_event(header, file->path, NULL, parts, count, (size_t)written);
  }
  return written;
}

static ssize_t record_write(int fd, const struct iovec *parts, int count, enum how how, off64_t offset) {
  /* libuv's signal handler writes to a pipe from any point of any thread, this one inside the mutex included. */
  if (log_fd < 0 || count < 1 || !may_concern_us(fd)) return real_write_call(fd, parts, count, how, offset);
  LOCK();
  struct subject *subject = subject_of(fd);
  ssize_t result;
  if (subject == NULL || subject->kind == SUBJECT_DIRECTORY) {
    UNLOCK(); /* may block; nobody waits for it */
    return real_write_call(fd, parts, count, how, offset);
  }
  if (subject->kind == SUBJECT_SOCKET) {
    size_t length = log_send(subject, parts, (size_t)count);
    result = real_write_call(fd, parts, count, how, offset);
    log_unsent(subject, length, result);
  } else {
    result = write_file(subject, fd, parts, count, how, offset);
  }
  UNLOCK();
  return result;
}

ssize_t write(int fd, const void *data, size_t length) {
  return record_write(fd, &(struct iovec){(void *)data, length}, 1, BY_POSITION, 0);
}
ssize_t writev(int fd, const struct iovec *parts, int count) { return record_write(fd, parts, count, BY_POSITION, 0); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  return record_write(fd, &(struct iovec){(void *)data, length}, 1, AT_OFFSET, offset);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return record_write(fd, parts, count, AT_OFFSET, offset);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev64(fd, parts, count, offset); }

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
  if (log_fd < 0) return REAL(sendto)(fd, data, length, flags, to, to_length);
  LOCK();
  struct subject *subject = subject_of(fd);
  if (subject != NULL) log_send(subject, &(struct iovec){(void *)data, length}, 1);
  ssize_t sent = REAL(sendto)(fd, data, length, flags, to, to_length);
  if (subject != NULL) log_unsent(subject, length, sent);
  UNLOCK();
  return sent;
}
ssize_t send(int fd, const void *data, size_t length, int flags) { return sendto(fd, data, length, flags, NULL, 0); }
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (log_fd < 0) return REAL(sendmsg)(fd, message, flags);
  LOCK();
  struct subject *subject = subject_of(fd);
  size_t length = subject == NULL ? 0 : log_send(subject, message->msg_iov, message->msg_iovlen);
  ssize_t sent = REAL(sendmsg)(fd, message, flags);
  if (subject != NULL) log_unsent(subject, length, sent);
  UNLOCK();
  return sent;
}

/* --- truncating and syncing --------------------------------------------------------------------------------------- */

int ftruncate64(int fd, off64_t size) {
  if (log_fd < 0) return REAL(ftruncate64)(fd, size);
  LOCK();
  struct subject *file = subject_of(fd);
  struct stat status = {0};
  int grows = file != NULL && fstat(fd, &status) == 0 && status.st_size < size;
  if (file != NULL) control_maybe_kill();
  int error = grows ? control_fault(&control->write, file->path) : 0;
  int result = -1;
  if (error == 0) {
    result = REAL(ftruncate64)(fd, size);
    if (result == 0 && file != NULL)
      log_event((struct event_header){.kind = EVENT_TRUNCATE, .inode = file->inode, .a = size}, file->path, NULL, NULL, 0, 0);
  } else {
    errno = error;
  }
  UNLOCK();
  return result;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int record_sync(int fd, int (*real_sync)(int)) {
  if (log_fd < 0) return real_sync(fd);
  LOCK();
  struct subject *found = subject_of(fd);
  if (found == NULL || found->kind == SUBJECT_SOCKET) {
    UNLOCK();
    return real_sync(fd);
  }
  struct subject subject = *found; /* the table entry may change while the mutex is free */
  uint64_t number = ++last_sync;
  control_maybe_kill();
  control->syncs_seen++;
  int error = control_fault(&control->sync, subject.path);
  int noop = control->noop_sync != 0 && control_concerns(subject.path);
  useconds_t delay_us = control->sync_delay_us;
  struct event_header header = {.kind = EVENT_SYNC_BEGIN, .inode = subject.inode, .b = (int64_t)number};
  log_event(header, subject.path, NULL, NULL, 0, 0);
  UNLOCK();

  if (delay_us > 0) usleep(delay_us);
  int result = error != 0 ? -1 : noop ? 0 : real_sync(fd);
  if (error != 0) errno = error;

  LOCK();
  control_maybe_kill();
  header.kind = EVENT_SYNC_END;
  header.flags = (uint8_t)((noop ? SYNC_NOOP : 0) | (error != 0 ? SYNC_FAULT : 0));
  header.a = result == 0 ? 0 : -errno;
  log_event(header, subject.path, NULL, NULL, 0, 0);
  UNLOCK();
  return result;
}
int fsync(int fd) { return record_sync(fd, REAL(fsync)); }
int fdatasync(int fd) { return record_sync(fd, REAL(fdatasync)); }
/* Promises nothing about durability, so it is carried out and not logged. sync_file_range needs no wrapper. */

#include "recorder_names.h"
