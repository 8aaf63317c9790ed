// Worker threads that run blocks, never on a Java thread's stack, and the turning of a bad access into an error.
#include <setjmp.h>
#include <signal.h>

#include <condition_variable>
#include <cstring>

#include "device.h"

namespace fake {

constexpr int WORKERS = 2;

// ---- a kernel's bad access ends the launch with CUDA's error, not the process

static thread_local sigjmp_buf* escape = nullptr; // set while this thread runs a block
static struct sigaction previous[2];              // of SIGSEGV, SIGBUS: the JVM's

static void on_bad_access(int signal, siginfo_t* info, void* context) {
  if (escape) siglongjmp(*escape, 1);
  struct sigaction& old = previous[signal == SIGBUS];
  if (old.sa_flags & SA_SIGINFO) {
    old.sa_sigaction(signal, info, context);
  } else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) {
    old.sa_handler(signal);
  } else { // come back to the same instruction without us
    sigaction(signal, &old, nullptr);
  }
}

static void catch_bad_accesses() {
  for (int signal : {SIGSEGV, SIGBUS}) {
    struct sigaction action;
    struct sigaction& old = previous[signal == SIGBUS];
    sigaction(signal, nullptr, &old);
    action = old;
    action.sa_flags = (old.sa_flags & ~SA_RESETHAND) | SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = on_bad_access;
    sigaction(signal, &action, nullptr);
  }
}

// ---- workers

class Workers {
 public:
  Workers() {
    catch_bad_accesses();
    for (int i = 0; i < WORKERS; ++i) std::thread([this] { serve(); }).detach();
  }

  // Runs the job once on each worker and returns when all are through.
  void run(const std::function<void()>& work) {
    std::unique_lock<std::mutex> lock(mutex);
    job = &work;
    running = WORKERS;
    ++round;
    wake.notify_all();
    done.wait(lock, [this] { return running == 0; });
    job = nullptr;
  }

 private:
  void serve() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return round != seen; });
      seen = round;
      auto* work = job;
      lock.unlock();
      (*work)();
      lock.lock();
      if (--running == 0) done.notify_all();
    }
  }

  std::mutex mutex;
  std::condition_variable wake, done;
  const std::function<void()>* job = nullptr;
  int running = 0;
  uint64_t round = 0;
};

static Workers& workers() {
  static Workers* const the = new Workers; // never destroyed: its threads wait on it
  return *the;
}

void on_each_worker(const std::function<void()>& work) { workers().run(work); }

struct Grid {
  const emu_kernel* kernel;
  dim3 grid, block;
  size_t sharedBytes;
  void** arguments;
  uint64_t count, seed;
  std::atomic<uint64_t> next{0};
  std::atomic<const char*> error{nullptr};
  std::atomic<bool> badAccess{false};
};

struct Turn { Grid* g; uint64_t linear; };

// Holds nothing in locals over the jump back from a bad access.
static void run_one(const Turn* turn) {
  sigjmp_buf back;
  if (sigsetjmp(back, 1)) {
    escape = nullptr;
    turn->g->badAccess = true;
    return;
  }
  escape = &back;
  Grid* g = turn->g;
  const char* error = g->kernel->runBlock(g->grid, g->block, g->sharedBytes, turn->linear, g->seed, g->arguments);
  escape = nullptr;
  if (error) g->error = error;
}

CUresult run_grid(const emu_kernel* kernel, dim3 grid, dim3 block, size_t sharedBytes, void** arguments) {
  Device& d = device();
  Grid g{kernel, grid, block, sharedBytes, arguments, uint64_t(grid.x) * grid.y * grid.z,
         d.seed ? d.seed + ++d.launches : 0};
  workers().run([&g] {
    for (uint64_t i; !g.error && !g.badAccess && (i = g.next++) < g.count;) {
      Turn turn{&g, g.seed & 1 ? g.count - 1 - i : i};
      run_one(&turn);
    }
  });
  if (g.badAccess) return fail(ILLEGAL_ADDRESS, std::string(kernel->name) + ": read or write outside of an allocation");
  if (g.error) return fail(LAUNCH_FAILED, std::string(kernel->name) + ": " + g.error.load());
  return SUCCESS;
}

} // namespace fake
