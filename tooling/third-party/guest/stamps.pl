# stamps.pl send DEVICE ADDRESS | receive DEVICE: a Sync message of the Precision Time Protocol over UDP, stamped by the NIC.
# Each end prints `stamp SECONDS.NANOSECONDS`, the NIC's own time as Linux hands it over (SO_TIMESTAMPING).
use strict;
use Socket;
my ($role, $device, $address) = @ARGV;
my $port = 319;

socket(my $socket, AF_INET, SOCK_DGRAM, 17) or die "socket: $!";
sub pointer { unpack('Q', pack('P', $_[0])) }

# SIOCSHWTSTAMP: stamps for what is sent, and for the event messages of version 2.
my $config = pack('iii', 0, 1, 12);
my $request = pack('a16 Q x16', $device, pointer($config));
ioctl($socket, 0x89b0, $request) or die "SIOCSHWTSTAMP: $!";
# Stamps of the hardware, sent and received, raw.
setsockopt($socket, SOL_SOCKET, 37, pack('I', 1 | 4 | 64)) or die "SO_TIMESTAMPING: $!";

# The third time of SCM_TIMESTAMPING, which recvmsg(2), system call 47, gives beside the message; nothing when there is none.
sub stamp {
  my ($flags) = @_;
  my ($data, $control) = ("\0" x 256, "\0" x 512);
  vec($data, 0, 8) = vec($control, 0, 8) = 0; # buffers of their own, since the kernel writes to them
  my $vector = pack('QQ', pointer($data), length $data);
  my $message = pack('Q L x4 Q Q Q Q i x4', 0, 0, pointer($vector), 1, pointer($control), length $control, 0);
  my $got = syscall(47, fileno $socket, $message, $flags);
  return if $got < 0;
  my $length = unpack('x40 Q', $message);
  for (my $at = 0; $at + 16 <= $length;) {
    my ($size, $level, $type) = unpack("x$at Q i i", $control);
    if ($level == 1 && $type == 37) {
      my ($seconds, $nanoseconds) = unpack('x' . ($at + 16 + 32) . ' q q', $control);
      return sprintf('%d.%09d', $seconds, $nanoseconds);
    }
    $at += ($size + 7) & ~7;
  }
  return;
}

$SIG{ALRM} = sub { print "time is up\n"; exit 1 };
alarm 200;
my $found;
if ($role eq 'receive') {
  bind($socket, pack_sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
  print STDERR "waiting\n";
  $found = stamp(0);
} else {
  bind($socket, pack_sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
  my $sync = pack('CC n', 0, 2, 44) . "\0" x 40;
  send($socket, $sync, 0, pack_sockaddr_in($port, inet_aton($address))) or die "send: $!";
  for (1 .. 1200) {
    $found = stamp(0x2000 | 0x40); # from the error queue, without waiting
    last if defined $found;
    select(undef, undef, undef, 0.05);
  }
}
defined $found or die "no stamp\n";
print "stamp $found\n";
