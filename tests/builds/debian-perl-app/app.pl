use strict;
use warnings;
use JSON;
use LWP::UserAgent;

print JSON->new->canonical->encode({ agent => ref LWP::UserAgent->new }), "\n";
