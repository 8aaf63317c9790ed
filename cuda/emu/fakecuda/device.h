// The state of the driver stand-in: one device, its memory, and work queued on streams that runs as late as CUDA
// allows, when somebody waits for it. So a host that reads before it waits sees the old values.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "emu_kernel.h"

#define API extern "C" __attribute__((visibility("default"))) CUresult
#define CONTROL extern "C" __attribute__((visibility("default")))

using CUresult = int;
using CUdeviceptr = uint64_t;

enum : CUresult {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  NO_BINARY_FOR_GPU = 209,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_FAILED = 719,
  NOT_SUPPORTED = 801,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
  CAPTURE_WRONG_THREAD = 908,
};

namespace fake {

using Operation = std::function<CUresult()>;

struct Graph { std::vector<Operation> operations; };

struct Stream {
  std::vector<Operation> queue;
  std::unique_ptr<Graph> capture; // not null while the stream captures
  bool captureInvalid = false;
  int captureMode = 0;
  std::thread::id captureThread;
};

struct Event {
  Stream* stream = nullptr; // where it was recorded last
  bool pending = false;
  std::chrono::steady_clock::time_point time;
};

struct Module { void* library; };
struct Function { const emu_kernel* kernel; int dynamicSharedLimit; Module* module; };

// What a call needs before it may do its work.
enum class Needs { NOTHING, INIT, CONTEXT };

struct Device {
  std::recursive_mutex mutex;
  bool initialised = false;
  int contextReferences = 0;
  CUresult sticky = SUCCESS; // once set, every call of the context answers it
  std::string lastMessage;
  std::string leaks; // found at the last release of the primary context

  uint64_t memoryBytes = 1ull << 30, usedBytes = 0;
  std::map<CUdeviceptr, size_t> allocations;
  std::map<char*, size_t> pinned;
  std::set<Stream*> streams;
  std::set<Event*> events;
  std::set<Module*> modules;
  std::set<Function*> functions;
  std::set<Graph*> graphs, executables;
  long libraryObjects = 0; // made by libraries over the driver
  Stream defaultStream;

  int driverVersion = 13000, capability = 90, deviceCount = 1;
  uint64_t seed = 0, launches = 0;
  std::map<std::string, long> calls; // by symbol, "*" all of them, since the last reset
  std::string failSymbol;            // injected failure: the failCall-th call of this symbol answers failCode
  long failCall = 0;
  CUresult failCode = SUCCESS;
};

Device& device();

// Counts the call, answers an injected failure, and checks what the call needs.
CUresult enter(const char* symbol, Needs needs);
#define ENTER(symbol, needs)                                                     \
  std::lock_guard<std::recursive_mutex> guard(fake::device().mutex);             \
  if (CUresult entered = fake::enter(#symbol, fake::Needs::needs)) return entered

CUresult fail(CUresult code, const std::string& message);
bool is_sticky(CUresult code);

// The stream of a handle, or null for a handle that is none; 0, 1 and 2 are the default stream.
Stream* stream_of(void* handle);
CUresult push(Stream* stream, Operation operation);
CUresult drain(Stream* stream);
CUresult drain_all();
// Calls that wait or allocate are not allowed while a stream captures; they also spoil the capture.
CUresult refuse_in_capture(const char* symbol);

bool in_device(CUdeviceptr at, size_t bytes);
bool in_pinned(const void* at, size_t bytes);
void free_allocation(std::map<CUdeviceptr, size_t>::iterator allocation);

// Runs all blocks of a grid on the worker threads; with an error text of the kernel or its illegal address.
CUresult run_grid(const emu_kernel* kernel, dim3 grid, dim3 block, size_t sharedBytes, void** arguments);
// Runs work on each worker thread, for what a library keeps by thread.
void on_each_worker(const std::function<void()>& work);

} // namespace fake
