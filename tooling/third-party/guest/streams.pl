# streams.pl PROTOCOL OWN_ADDRESS PEER_ADDRESS COUNT KIB SEED: COUNT streams to the peer and COUNT from it, all at the same
# time, over TCP (6) or SCTP (132). The peer runs the same program with the addresses exchanged and the same seed.
# Ends with 0 when each stream that came has the bytes that the peer makes: the numbers of the stream and of each block are
# in them, so nothing can be lost, doubled or exchanged unseen. Prints one line a stream: its md5 of what came.
use strict;
use Socket qw(:DEFAULT inet_pton);
my ($protocol, $own, $peer, $count, $kib, $seed) = @ARGV;
my $family = $own =~ /:/ ? AF_INET6 : AF_INET;
my $blocks = $kib / 16;
my $doing = '';

sub place { $family == AF_INET6 ? pack_sockaddr_in6($_[1], inet_pton(AF_INET6, $_[0])) : pack_sockaddr_in($_[1], inet_aton($_[0])) }
sub open_socket {
  socket(my $socket, $family, SOCK_STREAM, $protocol) or die "socket: $!";
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  return $socket;
}
my $table = join('', map { chr($_ * 7 & 255) } 0 .. 511);
sub block {
  my ($port, $number) = @_;
  return pack('NNN', $seed, $port, $number) . chr(($port + $number) & 255) x 8180 . substr($table, $number & 255, 256) x 32;
}

sub receive {
  my ($listener, $port) = @_;
  $doing = 'waiting for a connection';
  accept(my $stream, $listener) or die "accept: $!";
  open(STDIN, '<&', $stream) or die "stdin: $!";
  $doing = 'receiving';
  my $came = `md5sum`;
  open(my $file, '>', "/tmp/made-$port-$$") or die "file: $!";
  print $file block($port, $_) for 1 .. $blocks;
  close $file;
  my $made = `md5sum <"/tmp/made-$port-$$"`;
  unlink "/tmp/made-$port-$$";
  print "port $port: md5 $came";
  $came eq $made or die "port $port: expected md5 $made";
}
sub deliver {
  my ($port) = @_;
  my $stream;
  $doing = 'connecting';
  for (1 .. 1200) {
    $stream = open_socket();
    last if connect($stream, place($peer, $port));
    select(undef, undef, undef, 0.1);
    undef $stream;
  }
  $stream or die "port $port: no connection: $!\n";
  $doing = 'sending';
  for my $number (1 .. $blocks) {
    my $data = block($port, $number);
    for (my $at = 0; $at < length $data;) { $at += syswrite($stream, $data, length($data) - $at, $at) // die "send: $!\n" }
  }
  $doing = 'waiting for the peer to have it all';
  shutdown($stream, 1);
  sysread($stream, my $end, 1); # until the peer has it all
}

my @children;
for my $port (5001 .. 5000 + $count) {
  my $listener = open_socket();
  bind($listener, place($own, $port)) or die "bind: $!";
  listen($listener, 1) or die "listen: $!";
  for my $work (sub { receive($listener, $port) }, sub { deliver($port) }) {
    my $child = fork // die "fork: $!";
    if ($child == 0) {
      $SIG{ALRM} = sub { die "port $port: $doing for 200 s\n" };
      alarm 200;
      $work->();
      exit 0;
    }
    push @children, $child;
  }
}
my $failed = 0;
for my $child (@children) { waitpid($child, 0); $failed ||= $? }
exit($failed ? 1 : 0);
