<?php

echo (new NumberFormatter('de_DE', NumberFormatter::DECIMAL))->format(1234.5), "\n";
